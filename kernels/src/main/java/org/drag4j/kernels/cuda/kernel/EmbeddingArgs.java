package org.drag4j.kernels.cuda.kernel;

/**
 * Arguments of a choice of rows of a table; the fields are those of the struct in {@code
 * embedding.cu}, addresses as longs.
 */
public record EmbeddingArgs(long ids, long table, long y, int count, int vocabulary, int n) {}
