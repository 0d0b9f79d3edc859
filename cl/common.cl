/* Put in front of every kernel file: vectors of the device's own width, and their partial ends.
 * Offsets and lengths are in floats. A tensor is two arguments: a buffer and the start in it. */
#pragma OPENCL FP_CONTRACT OFF

#ifndef LIM_VECTOR
#define LIM_VECTOR 4 /* floats that one work-item moves at a time: 4, 8 or 16 */
#endif

#define LIM_JOIN_(a, b) a##b
#define LIM_JOIN(a, b) LIM_JOIN_(a, b)
#define real_v LIM_JOIN(float, LIM_VECTOR)
#define load_v(p) LIM_JOIN(vload, LIM_VECTOR)(0, p)
#define store_v(v, p) LIM_JOIN(vstore, LIM_VECTOR)(v, 0, p)

/* The first n floats of p, at most a vector; the rest are zeros. Never reads past n. */
static inline real_v load_part(__global const float *p, ulong n)
{
    float some[LIM_VECTOR];

    if (n >= LIM_VECTOR)
        return load_v(p);
    for (uint i = 0; i < LIM_VECTOR; i++)
        some[i] = i < n ? p[i] : 0.0f;
    return load_v(some);
}

/* Writes the first n floats of v. */
static inline void store_part(real_v v, __global float *p, ulong n)
{
    float some[LIM_VECTOR];

    if (n >= LIM_VECTOR) {
        store_v(v, p);
    } else {
        store_v(v, some);
        for (uint i = 0; i < n; i++)
            p[i] = some[i];
    }
}
