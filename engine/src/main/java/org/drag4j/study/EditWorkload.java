package org.drag4j.study;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskSource;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.geometry.Polygon;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.session.Editor;
import org.drag4j.tensor.DType;
import org.drag4j.trace.Trace;
import org.drag4j.weights.ModelFolder;

/**
 * The edit of a picture as the command {@code edit} does it: 20 steps of which 10 are inverted, a
 * quarter of the width moved upwards.
 */
final class EditWorkload implements Workload {
  private static final int INVERTED = 10;

  private final Pipeline pipeline;
  private final Picture picture;
  private final EditDocument document;

  private EditWorkload(Pipeline pipeline, Picture picture, EditDocument document) {
    this.pipeline = pipeline;
    this.picture = picture;
    this.document = document;
  }

  static EditWorkload open(
      ModelFolder model, Backend backend, PlanOptions options, int size, int batch) {
    if (batch != 1 && batch != INVERTED) {
      throw new IllegalArgumentException(
          "batch: expected 1 or %d, the calls of an edit's inversion, got %d"
              .formatted(INVERTED, batch));
    }
    var pipeline = Pipeline.open(model, backend, options);
    boolean fits = false;
    try {
      if (size > pipeline.shape().nativeSize() || size % pipeline.shape().factor() != 0) {
        throw new IllegalArgumentException(
            "size: expected a multiple of %d up to the model's own %d, got %d; choose another --size"
                .formatted(pipeline.shape().factor(), pipeline.shape().nativeSize(), size));
      }
      fits = true;
    } finally {
      if (!fits) {
        pipeline.close();
      }
    }
    return new EditWorkload(pipeline, picture(size), document(size, batch > 1));
  }

  /** A gradient with a disc in it. */
  private static Picture picture(int size) {
    byte[] rgb = new byte[size * size * 3];
    for (int y = 0; y < size; y++) {
      for (int x = 0; x < size; x++) {
        int at = (y * size + x) * 3;
        boolean inside = Math.hypot(x - size * 0.35, y - size * 0.32) < size * 0.11;
        rgb[at] = (byte) (inside ? 220 : 255 * x / size);
        rgb[at + 1] = (byte) (inside ? 60 : 255 * y / size);
        rgb[at + 2] = (byte) (inside ? 40 : 128);
      }
    }
    return Picture.of(size, size, rgb);
  }

  private static EditDocument document(int size, boolean batched) {
    var drag =
        Drag.region(
            rectangle(size, 0.22, 0.19, 0.25, 0.265), rectangle(size, 0.22, 0.125, 0.25, 0.265));
    var document =
        Documents.of(
            new EditDocument.Image("bench.png", Optional.empty()), "a face", List.of(drag));
    return Documents.set(document, "bench", List.of("method.batched=" + batched), MaskSource.NONE);
  }

  private static Area rectangle(int size, double x, double y, double width, double height) {
    double left = size * x;
    double top = size * y;
    double right = left + size * width;
    double bottom = top + size * height;
    return new Area.Outline(
        Polygon.of(
            new double[] {left, top},
            new double[] {right, top},
            new double[] {right, bottom},
            new double[] {left, bottom}));
  }

  @Override
  public void run(Trace trace) {
    pipeline.trace(trace);
    var _ = Editor.edit(document, picture, pipeline, Progress.NONE);
  }

  @Override
  public DType dtype() {
    return DType.F32;
  }

  @Override
  public void save(Path safetensors) {
    throw new IllegalArgumentException(
        "save: expected a network, got edit; a picture is written by the command edit");
  }

  @Override
  public void close() {
    pipeline.close();
  }
}
