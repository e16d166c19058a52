/** containerd's limit for one gRPC message, both when it serves and when it calls (defaults.DefaultMaxRecvMsgSize). */
export const maxMessageBytes = 16 * 1024 * 1024;
