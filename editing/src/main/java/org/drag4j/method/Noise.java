package org.drag4j.method;

/** Standard normal numbers, in the order in which the Python tools draw them. */
@FunctionalInterface
public interface Noise {
  /** The next {@code count} numbers. A latent's come as {@code [C, H, W]}. */
  float[] draw(int count);
}
