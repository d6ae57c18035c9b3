/** Makes the module that the package ships from the schema's files: `npm run schema`. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { generated, moduleText, root } from "./Files.ts"

writeFileSync(join(root, generated), moduleText())
