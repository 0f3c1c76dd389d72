import htm from 'htm'
import { h } from 'preact'

/** Makes elements of a template. Values are text or attributes, never markup. */
export const html = htm.bind(h)
