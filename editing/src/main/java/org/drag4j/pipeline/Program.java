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
   * Sets an input for the runs from now on; one that no output needs is left aside.
   *
   * @throws IllegalArgumentException where there is no such input, or not so many values
   */
  Program set(String input, float... values);

  /**
   * The slots that the next run fills or reads, for every site that is captured or injected.
   *
   * @throws IllegalArgumentException where a site has no bank, or the bank has too few slots
   */
  Program slots(SiteBank.Slots slots);

  /** Computes the outputs. */
  Program run();

  /** An output of the last run. */
  float[] get(String output);

  /** Shapes of what is captured or injected, by port, batch first. */
  Map<String, Shape> sites();

  /** Element type of these on the device. */
  DType siteType();

  /** Releases its memory; the weights stay. */
  @Override
  void close();
}
