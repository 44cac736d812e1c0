package org.drag4j.method;

/**
 * An edit's inputs, as keys of kept values name them.
 *
 * @param picture digest of the picture
 * @param prompt what the picture shows
 * @param seed of every random number
 */
public record Given(String picture, String prompt, long seed) {}
