/** How long a socket's path may be. Apart from the sockets, so that naming one does not load them. */

/** The longest path that every system takes whole; Node 20 cuts longer ones short and listens elsewhere. */
export const MAX_SOCKET_PATH_BYTES = 103
