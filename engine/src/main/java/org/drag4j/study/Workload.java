package org.drag4j.study;

import java.io.IOException;
import java.nio.file.Path;
import org.drag4j.device.Backend;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;

/** Something that is timed: run over and over on the same inputs. */
public sealed interface Workload extends AutoCloseable permits EditWorkload, NetworkWorkload {
  /**
   * Loads what one target needs, compiles it and draws its inputs.
   *
   * @param size side of the picture in pixels
   * @param batch samples of one call; of an edit, 1 or all the inversion's calls at once
   * @throws IllegalArgumentException where the model does not take the size or batch
   * @throws org.drag4j.weights.ModelException where a file is missing or damaged
   */
  static Workload open(
      BenchTarget target,
      ModelFolder model,
      Backend backend,
      PlanOptions options,
      int size,
      int batch) {
    return target == BenchTarget.EDIT
        ? EditWorkload.open(model, backend, options, size, batch)
        : NetworkWorkload.open(target, model, backend, options, size, batch);
  }

  /** Does the work once. */
  void run(Trace trace);

  /** The element type the networks compute in. */
  DType dtype();

  /**
   * Writes inputs and outputs of the last run, in PyTorch's layouts and under diffusers' names.
   *
   * @throws IllegalArgumentException where the target has no such tensors
   */
  void save(Path safetensors) throws IOException;

  /** Releases memory and files. */
  @Override
  void close();
}
