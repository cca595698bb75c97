/**
 * What a letter looks like: plain text, and the same as simple HTML. Always true: it fetches nothing when it is opened, so
 * nobody learns of that, and what came from people is text in it, never markup.
 */
import { z } from 'zod'

export const bodies = z.object({
  /** A paragraph each. */
  text: z.array(z.string()),
  /** What to press, where there is something. */
  link: z.object({ label: z.string(), url: z.string() }).optional(),
  /** After the link, and smaller. */
  note: z.string().optional(),
  /** Where whoever gets it ends such letters, without signing in. */
  stop: z.string().optional(),
})
export type Body = z.infer<typeof bodies>

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** `origin`: which server it is from. */
export function render({ text, link, note, stop }: Body, origin: string): { text: string; html: string } {
  const from = `Tidegate at ${origin} wrote this.`
  const plain = [
    ...text,
    ...(link ? [`${link.label}:\n${link.url}`] : []),
    ...(note ? [note] : []),
    ...(stop ? [`No more of these letters:\n${stop}`] : []),
    `-- \n${from}`,
  ].join('\n\n')
  const paragraph = (each: string, style = '') => `<p${style && ` style="${style}"`}>${escaped(each)}</p>`
  const small = 'color:#5b6b77;font-size:13px'
  const html = [
    '<!doctype html><html lang="en"><body style="font-family:system-ui,sans-serif;font-size:15px;line-height:1.5;color:#14212b;max-width:560px">',
    ...text.map((each) => paragraph(each, 'white-space:pre-line;overflow-wrap:anywhere')),
    ...(link
      ? [
          `<p><a href="${escaped(link.url)}" style="display:inline-block;padding:8px 14px;border-radius:6px;background:#00749c;color:#ffffff;text-decoration:none">${escaped(link.label)}</a></p>`,
          paragraph(link.url, `${small};overflow-wrap:anywhere`),
        ]
      : []),
    ...(note ? [paragraph(note, small)] : []),
    ...(stop ? [`<p style="${small}"><a href="${escaped(stop)}" style="color:#5b6b77">No more of these letters</a></p>`] : []),
    `<p style="${small};border-top:1px solid #d5dde3;padding-top:8px">${escaped(from)}</p>`,
    '</body></html>',
  ].join('\n')
  return { text: `${plain}\n`, html }
}
