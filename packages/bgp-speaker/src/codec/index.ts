export * from './as-number.ts';
export {
  asPathContains,
  asPathLength,
  firstAs,
  formatAsPath,
  joinSequences,
  prependAs,
} from './attributes/as-path.ts';
export { attributesKey, type FormattedAttribute, formatAttributes } from './attributes/attribute-encoder.ts';
export {
  canonicalLargeSet,
  canonicalSet,
  formatCommunity,
  formatExtendedCommunity,
  formatLargeCommunity,
} from './attributes/communities.ts';
export * from './attributes/path-attributes.ts';
export * from './capabilities/capability.ts';
export { formatCapability } from './capabilities/capability-text.ts';
export * from './capabilities/negotiation.ts';
export * from './codec-context.ts';
export * from './decode-result.ts';
export * from './family.ts';
export * from './messages/decoded-update.ts';
export { messageType } from './messages/header.ts';
export * from './messages/message.ts';
export * from './messages/message-codec.ts';
export * from './messages/message-framer.ts';
export * from './messages/notification.ts';
export { formatNotification } from './messages/notification-text.ts';
export * from './messages/open.ts';
export * from './messages/open-check.ts';
export { BGP_VERSION, decodeOpen, encodeOpen } from './messages/open-codec.ts';
export * from './messages/route-refresh.ts';
export * from './messages/shutdown-communication.ts';
export { decodeUpdate } from './messages/update-decoder.ts';
export {
  encodeEndOfRib,
  fillFrames,
  packUpdates,
  packWithdrawals,
  prefixesPerUpdate,
  reachFrame,
  type UpdateFrame,
  unreachFrame,
} from './messages/update-packer.ts';
export * from './nlri/nlri-block.ts';
export * from './nlri/prefix-key.ts';
export * from './router-id.ts';
