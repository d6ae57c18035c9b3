/**
 * How long a test may take before it counts as hanging, whatever the machine does beside it: a guard, and never what a test is about.
 * `STEPPED_PATIENCE_MS` where nobody wants to wait for so long.
 */
export const patienceMs = Number(process.env.STEPPED_PATIENCE_MS ?? 180_000)
