/**
 * Runs before each test file. A process works through many of them, because it takes as long to start as most files take to run; so that no
 * file finds what another left behind in a module, each of them has all modules of this repository evaluated anew.
 */
import { vi } from "vitest"

vi.resetModules()
