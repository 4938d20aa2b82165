/** Notices: what applications are told of a profile itself; each travels as a commit of cause `state`. */

export type NoticeType = 'initial_sync_completed' | 'quarantined' | 'reinstated' | 'disconnected' | 'relinked';
