package org.drag4j.method;

/**
 * What an edit begins with, as keys of kept values name it.
 *
 * @param picture digest of the picture
 * @param prompt what it shows
 * @param seed of every random number
 */
public record Given(String picture, String prompt, long seed) {}
