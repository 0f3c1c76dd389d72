import type {
  Action,
  ActionCount,
  CancelActionResponse,
  DrainProcessResponse,
  GetHistoryResponse,
  GetIntakeResponse,
  GetSessionResponse,
  ImageReport,
  ListActionsResponse,
  ListAuditResponse,
  ListDeadLettersResponse,
  ListDeliveriesResponse,
  ListOriginsResponse,
  ListProcessesResponse,
  ListSettingsResponse,
  Overview,
  PurgeDeadLettersResponse,
  ReplayDeadLettersResponse,
  SearchImagesResponse,
  SendDeliveryResponse,
  SetIntakeResponse,
  SetOriginRuleResponse
} from '../client/src/generated/types.gen.ts'

/** What the admin calls return that the console makes, as the OpenAPI document says. */
interface Calls {
  'GET session': GetSessionResponse
  'GET overview': Overview
  'GET history': GetHistoryResponse
  'GET images': SearchImagesResponse
  [image: `GET images/${string}`]: ImageReport
  [replacement: `POST images/${string}/replace`]: ImageReport
  'GET actions': ListActionsResponse
  'POST actions': ActionCount | Action
  [cancel: `POST actions/${number}/cancel`]: CancelActionResponse
  'GET intake': GetIntakeResponse
  'PUT intake': SetIntakeResponse
  'GET processes': ListProcessesResponse
  [process: `PUT processes/${string}`]: DrainProcessResponse
  'GET origins': ListOriginsResponse
  [origin: `PUT origins/${string}`]: SetOriginRuleResponse
  'GET dead-letters': ListDeadLettersResponse
  'POST dead-letters/replay': ReplayDeadLettersResponse
  'POST dead-letters/purge': PurgeDeadLettersResponse
  'GET deliveries': ListDeliveriesResponse
  [delivery: `POST deliveries/${string}/send`]: SendDeliveryResponse
  'GET audit': ListAuditResponse
  'GET settings': ListSettingsResponse
}

export type Method = 'GET' | 'PUT' | 'POST'

/** Paths below /api/v1/admin/ that the method knows. */
export type Path<M extends Method> = keyof Calls extends infer Call
  ? Call extends `${M} ${infer P}`
    ? P
    : never
  : never

export type Reply<M extends Method, P extends string> = `${M} ${P}` extends keyof Calls
  ? Calls[`${M} ${P}`]
  : never

export type Image = ImageReport
export type FoundImage = SearchImagesResponse['images'][number]
export type Attempt = ImageReport['history'][number]
export type Process = ListProcessesResponse['processes'][number]
export type Origin = ListOriginsResponse['origins'][number]
export type Delivery = ListDeliveriesResponse['deliveries'][number]
export type Setting = ListSettingsResponse['settings'][number]
export type DeadLetter = ListDeadLettersResponse['dead_letters'][number]
export type { Action, ActionCount, Overview }
