/** Markdown as HTML that does nothing: parsed by marked, then cleaned by DOMPurify, both loaded with the first text. */

let loading: Promise<(text: string) => string> | undefined

async function load(): Promise<(text: string) => string> {
  const [{ Marked }, { default: purify }] = await Promise.all([import('marked'), import('dompurify')])
  const marked = new Marked({ gfm: true, breaks: true })
  // Of its own, so that no other user of DOMPurify gets these rules.
  const clean = purify(window)
  clean.addHook('afterSanitizeAttributes', (node) => {
    if (node.tagName === 'IMG' && !node.hasAttribute('alt')) node.setAttribute('alt', '')
    if (node.tagName !== 'A') return
    node.setAttribute('rel', 'noopener noreferrer nofollow')
    if (!/^\/(?!\/)/.test(node.getAttribute('href') ?? '')) node.setAttribute('target', '_blank')
  })
  return (text) =>
    clean.sanitize(marked.parse(text, { async: false }), {
      USE_PROFILES: { html: true },
      FORBID_TAGS: ['style', 'form', 'input', 'button', 'textarea', 'select', 'iframe', 'video', 'audio'],
      FORBID_ATTR: ['style', 'id', 'class', 'name'],
    })
}

/** Safe to put into a page. Throws where the parts of it do not load. */
export async function markdown(text: string): Promise<string> {
  loading ??= load()
  loading.catch(() => {
    loading = undefined
  })
  return (await loading)(text)
}
