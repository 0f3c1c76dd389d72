import { objects } from './files.ts'

export interface Pod {
  namespace: string
  labels: Record<string, string>
}

interface Selector {
  matchLabels?: Record<string, string>
  matchExpressions?: unknown
}
interface Peer {
  podSelector?: Selector
  namespaceSelector?: Selector
  ipBlock?: object
}
interface Rule {
  from?: Peer[]
  to?: Peer[]
  ports?: { port: number | string }[]
}
interface Policy {
  metadata: { namespace: string }
  spec: { podSelector: Selector; policyTypes: string[]; ingress?: Rule[]; egress?: Rule[] }
}

const NAMESPACE = objects('kustomization.yaml')[0].namespace
/** The named ports of our pods. */
const NAMED: Record<string, number> = { http: 8080, metrics: 9090 }

const policies: Policy[] = objects('network.yaml')

/**
 * Whether a network plugin lets one pod connect to another. As Kubernetes defines it: a pod that policies
 * select may do what one of their rules allows, and a pod that none selects everything. Not netpol-analyzer:
 * it is written in Go, one more compiler for one table.
 */
export function mayConnect(from: Pod, to: Pod, port: number): boolean {
  const leaves = rulesOf(from, 'Egress').every((rules) => rules.some((rule) => fits(rule, rule.to, to, port)))
  return (
    leaves && rulesOf(to, 'Ingress').every((rules) => rules.some((rule) => fits(rule, rule.from, from, port)))
  )
}

/** Returns the rules of all policies that select the pod, as one list; no list if none selects it. */
function rulesOf(pod: Pod, type: 'Ingress' | 'Egress'): Rule[][] {
  const selecting = policies.filter(
    ({ spec }) =>
      pod.namespace === NAMESPACE && spec.policyTypes.includes(type) && selects(spec.podSelector, pod.labels)
  )
  if (selecting.length === 0) return []
  return [selecting.flatMap(({ spec }) => (type === 'Ingress' ? spec.ingress : spec.egress) ?? [])]
}

function fits({ ports }: Rule, peers: Peer[] | undefined, pod: Pod, port: number): boolean {
  const isPort = !ports || ports.some((open) => (NAMED[open.port] ?? open.port) === port)
  return isPort && (!peers || peers.some((peer) => isPeer(peer, pod)))
}

/** Without a namespace selector, the peer is in the policy's namespace. No ipBlock contains pods. */
function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, { namespace, labels }: Pod): boolean {
  if (ipBlock) return false
  const isThere = namespaceSelector
    ? selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace })
    : namespace === NAMESPACE
  return isThere && (!podSelector || selects(podSelector, labels))
}

function selects({ matchLabels = {}, matchExpressions }: Selector, labels: Record<string, string>): boolean {
  if (matchExpressions) throw new Error('matchExpressions are not simulated')
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value)
}
