/* limner: a portable compute backend (OpenCL or CPU), networks on it, and a DCGAN that paints.
 *
 * Thread-safety: see each header. */
#ifndef LIMNER_LIMNER_H
#define LIMNER_LIMNER_H

#include <limner/adam.h>
#include <limner/api.h>
#include <limner/backend.h>
#include <limner/dataset.h>
#include <limner/dcgan.h>
#include <limner/eval.h>
#include <limner/host.h>
#include <limner/image.h>
#include <limner/layer.h>
#include <limner/log.h>
#include <limner/memory.h>
#include <limner/net.h>
#include <limner/ops.h>
#include <limner/own.h>
#include <limner/random.h>
#include <limner/scan.h>
#include <limner/status.h>
#include <limner/tensor.h>
#include <limner/train.h>
#include <limner/tune.h>
#include <limner/version.h>

#endif
