/** Preloaded into the controller that the sandbox starts: it dies with its parent, also when that one was killed. */
process.stdin.on('error', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.on('close', () => process.kill(process.pid, 'SIGKILL'))
process.stdin.resume()
