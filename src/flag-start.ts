/** Flags that decide whether, and on what, the controller starts to write. */
import { bool, flag, oneOf } from './flag-parser.ts'

export const startFlags = {
  albc: flag(
    'Where the AWS Load Balancer Controller is. absent: nothing is written before its Lease was not renewed for a minute and its webhooks are gone, and while Services or Gateways bear its finalizers.',
    oneOf('absent'),
    { default: 'absent', albc: false },
  ),
  crds: flag(
    'CustomResourceDefinitions at the start: apply writes those of this release that are missing or older (never newer ones, nor those of ALBC), check tells of them, none does not look.',
    oneOf('apply', 'check', 'none'),
    { default: 'apply', albc: false },
  ),
  'acknowledge-albc-leftovers': flag(
    "Write although Services or Gateways bear ALBC's finalizers: their load balancers stay as they are and their targets are followed, but nobody changes or deletes them.",
    bool,
    { default: false, albc: false },
  ),
} as const
