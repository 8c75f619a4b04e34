#!/usr/bin/env node
// The entry: catches signals, then loads the program and runs it. Nothing else is imported here, as imports come before every statement.
import { catchSignals } from './cli/early-signals.ts';

const early = catchSignals();
const { start } = await import('./cli/start.ts');
await start(early);
