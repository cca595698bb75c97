/**
 * Telling a rule's URL. The body is signed as MLflow signs its webhooks: `v1,` and the base64 HMAC-SHA256 of
 * `<delivery id>.<timestamp>.<body>` under the rule's secret. At least once: the id of an alert's delivery is always the
 * same, so that a receiver knows what comes twice. Every attempt is written down.
 */
import { z } from 'zod'
import type { Kernel } from '../context.ts'
import { job } from '../jobs.ts'
import { readRuns } from '../runs/read.sql.ts'
import type { SealedColumn } from '../secrets.ts'
import { signMlflow } from '../webhooks/dialects.ts'

export const alertSecret: SealedColumn = { table: 'alert_rule', column: 'secret' }

export const deliver = job({
  name: 'alert.deliver',
  payload: z.object({ alert: z.number().int() }),
  async run(kernel, { alert: id }, signal) {
    const alert = await kernel.db.prisma.alert.findUnique({ where: { id }, include: { rule: true, experiment: true } })
    if (!alert?.rule?.url || !alert.rule.enabled) return
    const [run] = await readRuns(kernel.db, [alert.runId])
    if (!run) return
    const outcome = await callHook(kernel, { ...alert.rule, url: alert.rule.url }, `alert-${id}`, signal, {
      entity: 'alert',
      action: 'fired',
      data: {
        id: String(id),
        rule: alert.ruleName,
        message: alert.message,
        metric: alert.metric,
        step: alert.step === null ? null : Number(alert.step),
        value: alert.value === null ? null : asJson(alert.value),
        fired_at: Number(alert.firedAt),
        run_id: run.uuid,
        run_name: run.name,
        experiment_id: String(alert.experimentId),
        experiment_name: alert.experiment.name,
        url: `${kernel.origin}/runs/${run.uuid}`,
      },
    })
    await kernel.db.prisma.alertDelivery.create({ data: { alertId: id, ...outcome } })
    if (!delivered(outcome)) throw new Error(outcome.error ?? `The receiver answered ${outcome.status}`)
  },
})

/** A double as JSON can have it. */
const asJson = (text: string) => (Number.isFinite(Number(text)) ? Number(text) : text)

export interface Delivery {
  sentAt: bigint
  status: number | null
  error: string | null
  ms: number
}

export const delivered = ({ status }: Delivery) => status !== null && status >= 200 && status < 300

/** One signed call. Never throws: what went wrong is in the outcome. */
export async function callHook(
  kernel: Kernel,
  rule: { url: string; secret: string },
  delivery: string,
  signal: AbortSignal,
  content: { entity: string; action: string; data: object },
): Promise<Delivery> {
  const now = new Date()
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const body = JSON.stringify({ ...content, timestamp: now.toISOString() })
  const start = performance.now()
  let status: number | null = null
  let error: string | null = null
  try {
    const secret = kernel.secrets.open(alertSecret, rule.secret)
    status = await kernel.outbound.post(rule.url, {
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Tidegate',
        'x-tidegate-delivery-id': delivery,
        'x-tidegate-timestamp': timestamp,
        'x-tidegate-signature': signMlflow(secret, { id: delivery, timestamp, body }),
      },
      body,
      signal,
    })
  } catch (cause) {
    error = (cause as Error).message || (cause as NodeJS.ErrnoException).code || 'no answer'
  }
  return { sentAt: BigInt(now.getTime()), status, error, ms: Math.round(performance.now() - start) }
}
