/* What the host program set with lim_host_set. */
#ifndef LIMNER_SRC_BASE_HOST_H
#define LIMNER_SRC_BASE_HOST_H

#include <limner/host.h>

struct lim_host lim_host_get(void);

#endif
