// moto, where `npm run test:contract` has installed it.
import { describe } from 'node:test'
import { motoDeviations } from './deviation/moto.ts'
import { moto } from './provider/moto.ts'
import { checksOf } from './suite.ts'

const python = process.env['MOTO_PYTHON']
if (python === undefined) describe.skip('moto: npm run test:contract installs it')
else checksOf('moto', () => moto(python), { deviations: motoDeviations })
