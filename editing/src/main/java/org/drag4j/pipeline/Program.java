package org.drag4j.pipeline;

import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;

/**
 * A compiled graph around a model's networks: set inputs, run, get outputs; a run allocates
 * nothing.
 */
public interface Program extends AutoCloseable {
  /**
   * Sets an input for all runs from now on; an input that no output needs is ignored.
   *
   * @throws IllegalArgumentException where there is no such input, or the number of values is
   *     another
   */
  Program set(String input, float... values);

  /**
   * Sets the slots that the next run fills or reads at every captured or injected site.
   *
   * @throws IllegalArgumentException where a site has no bank, or the bank has too few slots
   */
  Program slots(SiteBank.Slots slots);

  /** Computes the outputs. */
  Program run();

  /** An output of the last run. */
  float[] get(String output);

  /** Shapes of captured and injected values, by port, batch first. */
  Map<String, Shape> sites();

  /** Element type of captured and injected values on the device. */
  DType siteType();

  /** Releases its memory; the weights stay. */
  @Override
  void close();
}
