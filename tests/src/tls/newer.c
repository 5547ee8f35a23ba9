/* Takes away a bound to the version of TLS that a program sets. */
#define _GNU_SOURCE
#include <dlfcn.h>

enum { SET_MAX_PROTO_VERSION = 124, NO_BOUND = 0 };

long SSL_CTX_ctrl(void *context, int command, long number, void *pointer)
{
    long (*next)(void *, int, long, void *) =
        (long (*)(void *, int, long, void *))dlsym(RTLD_NEXT, "SSL_CTX_ctrl");
    if (command == SET_MAX_PROTO_VERSION)
        number = NO_BOUND;
    return next(context, command, number, pointer);
}
