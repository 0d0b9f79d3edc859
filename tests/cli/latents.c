/* Prints the latents of the seeds 1 to COUNT, a line each, for programs that are to paint the same.
 * usage: latents COUNT LENGTH */
#include <limner/limner.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[1]) : 0, length = argc > 2 ? atoi(argv[2]) : 0;
    float *z = length > 0 ? malloc((size_t)length * sizeof *z) : NULL;

    for (int i = 1; z && i <= count; i++) {
        lim_dcgan_latent((uint64_t)i, length, z);
        for (int k = 0; k < length; k++)
            printf("%.9g%c", (double)z[k], k + 1 < length ? ' ' : '\n');
    }
    free(z);
    return z && count > 0 ? 0 : 2;
}
