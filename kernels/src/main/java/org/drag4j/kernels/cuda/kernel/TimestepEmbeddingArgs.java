package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of the sinusoidal embedding of timesteps; the fields are those of the struct in {@code
 * timestep_embedding.cu}, addresses as longs.
 */
public record TimestepEmbeddingArgs(long t, long y, int n, int dim, int cosineFirst, float shift) {}
