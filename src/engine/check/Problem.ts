/** What of one action does not fit, and why; in words that hold nothing of what is stored. */
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import type { MisfitKind, MisfitMeaning } from "../../Check.ts"
import { IncompatibleResult, ResultsTooLarge } from "../../SteppedError.ts"
import { Unreadable } from "../perform/results.ts"
import { unlisted } from "../perform/signals.ts"

export interface Problem {
  readonly kind: MisfitKind
  readonly means: MisfitMeaning
  readonly of?: string | undefined
  readonly problem: string
  /** What is stored and does not fit. */
  readonly payload?: unknown
}

/** Issues of one value that are told. */
const issuesMost = 3

// what a schema has made of a value says something of it; what is said of the schema does not
const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) =>
    issue._tag === "InvalidType" || issue._tag === "MissingKey" || issue._tag === "UnexpectedKey" ||
      issue._tag === "OneOf"
      ? SchemaIssue.defaultLeafHook(issue)
      : typeof issue.annotations?.expected === "string"
      ? `Expected ${issue.annotations.expected}`
      : "Expected a valid value",
  checkHook: ({ filter: { annotations } }) => {
    const said = annotations?.message ?? annotations?.expected
    return typeof said === "string" ? (annotations?.message === said ? said : `Expected ${said}`) : undefined
  }
})

const schemaIssue = ({ issue }: Schema.SchemaError): string =>
  format(issue).issues.slice(0, issuesMost).map(({ message, path }) => {
    const at = (path ?? []).map((segment) => typeof segment === "object" ? segment.key : segment)
      .map((key) => `[${typeof key === "number" ? key : JSON.stringify(String(key))}]`)
    return at.length === 0 ? message : `${message} at ${at.join("")}`
  }).join("; ")

/** Why something could not be read. */
export const issueOf = (error: unknown): string =>
  Schema.isSchemaError(error)
    ? schemaIssue(error)
    : error instanceof Unreadable
    ? `${error.path}: ${error.error === undefined ? error.issue : schemaIssue(error.error)}`
    : error instanceof IncompatibleResult
    ? `${error.path}: it does not fit the ${error.schema} schema that waits for it`
    : error instanceof ResultsTooLarge
    ? error.message
    : error === unlisted
    ? unlisted
    : "what reads it has thrown"

/** What a misfit is, of all actions that have it. */
export const textOf = ({ kind, means, of }: Omit<Problem, "problem">, actorType: string, name: string): string => {
  switch (kind) {
    case "definition":
      return `the program has no action ${name} of ${actorType}: nobody takes them`
    case "actor":
      return "the actor's id does not fit its schema"
    case "arguments":
      return "the arguments do not fit"
    case "payload":
      return "the payload does not fit: they are suspended, until somebody resumes them"
    case "nextStep":
      return of === undefined
        ? "the definition has no step to begin with"
        : `the step ${of}, in which they are, is not there`
    case "endedStep":
      return `the step ${of}, which has run, is not there`
    case "skippedStep":
      return `the step ${of} is not run: it stands before one that has run`
    case "job":
      return "their job is not there: they go on with the steps of the definition"
    case "result":
      return `what the step ${of} has come to cannot be read`
    case "compensation":
      return `what the step ${of} has done cannot be undone`
    case "outcome":
      return "their callbacks cannot read how they have ended"
    case "signal":
      return means === "fails"
        ? `what was sent as the signal ${of} cannot be read`
        : means === "waits"
        ? `they wait for the signal ${of}, which is not listed: nobody can send it`
        : `the signal ${of}, which they were sent, is not listed: nobody reads it`
    case "lane":
      return "they are in another lane than they would join now"
    case "queue":
      return `no action of the program has the queue ${of}: workers that are restricted to queues leave it`
    case "unread":
      return "they could not be looked at in time"
  }
}
