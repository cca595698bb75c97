/** A name for a run that was given none: two words and a number, such as calm-osprey-214. */
import { randomInt } from 'node:crypto'

const first =
  `able amber bold brave breezy bright brisk calm careful clear clever cool crisp curious daring deft dry eager early fair fine firm
fleet fresh gentle glad golden grand green hardy honest keen kind light likely lively lucid lucky mellow merry mild neat nimble noble north
pale patient placid plain proud quick quiet rapid ready sharp silent silver sleek smooth sober soft solid spry steady still sunny swift tidal
tidy true upbeat vivid warm wise`.split(/\s+/)
const second =
  `alder anchor badger basin bay beacon bream breeze bridge brook canal cedar channel cliff cod coral cove crane creek delta dune
eddy eel ferry fern finch fjord float ford gale gull harbor heron inlet isle jetty kelp kestrel lagoon lark ledge lock loon marsh mill moss
otter osprey pebble perch pier pike pine plover pond quay rapid reed reef ridge river rock sail seal shoal shore silo sluice spill spring
stream tern tide trout tuna vale wave weir willow wren`.split(/\s+/)

export const randomName = () => `${first[randomInt(first.length)]}-${second[randomInt(second.length)]}-${randomInt(1, 1000)}`
