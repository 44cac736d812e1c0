package org.drag4j.method;

import org.drag4j.document.LongPrompt;

/**
 * An edit's inputs, as keys of kept values name them.
 *
 * @param picture digest of the picture
 * @param prompt what the picture shows
 * @param longPrompt what becomes of it where it is long
 * @param seed of every random number
 */
public record Given(String picture, String prompt, LongPrompt longPrompt, long seed) {}
