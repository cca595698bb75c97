/** Where the pointer or the keyboard is on the x axis, shared by the charts of a view: each shows its own values there. */
export class HoverGroup {
  /** In the unit of the view's axis; null while nobody points. */
  x: number | null = $state.raw(null)
  /** The chart that is pointed at: the only one with a tooltip. */
  source: object | null = $state.raw(null)

  point(source: object, x: number): void {
    this.source = source
    this.x = x
  }

  /** Only the chart that points may stop. */
  leave(source: object): void {
    if (this.source !== source) return
    this.source = null
    this.x = null
  }
}
