/** What documents.ts makes of the pages' GraphQL documents. */
declare module 'virtual:document-texts' {
  /** By the names of their operations. */
  const texts: Record<string, string>
  export default texts
}
