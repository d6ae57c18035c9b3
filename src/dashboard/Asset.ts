/** A file of the dashboard, as it is kept in memory. */
export interface Asset {
  readonly name: "app" | "licences"
  /** As it is asked for: with a digest of its content in the name, so that it never changes. */
  readonly file: string
  readonly type: string
  /** Its content, packed by gzip, in base64. */
  readonly gzip: string
}
