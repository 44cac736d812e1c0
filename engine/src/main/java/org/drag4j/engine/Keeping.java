package org.drag4j.engine;

import java.util.Optional;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.session.Editor;
import org.drag4j.session.KeptOnDisk;

/**
 * What an engine keeps from one job to the next.
 *
 * @param weights of the model, between the parts of a job and after it
 * @param inversions most bytes of inversions in memory; edits of one picture, prompt and seed share
 *     them
 * @param store inversions on disk, which other processes can use
 */
public record Keeping(Pipeline.Residency weights, long inversions, Optional<KeptOnDisk> store) {
  /** The least memory, for one edit. */
  public static final Keeping NOTHING =
      new Keeping(Pipeline.Residency.RELEASE, 0, Optional.empty());

  /** Weights alone, for edits of many pictures. */
  public static final Keeping WEIGHTS = new Keeping(Pipeline.Residency.KEEP, 0, Optional.empty());

  /** With at most {@code bytes} of inversions in memory. */
  public Keeping withInversions(long bytes) {
    return new Keeping(weights, bytes, store);
  }

  /** With inversions on disk. */
  public Keeping withStore(Optional<KeptOnDisk> on) {
    return new Keeping(weights, inversions, on);
  }

  /** An editor on {@code pipeline} that keeps inversions in memory and in the store. */
  Editor editor(Pipeline pipeline) {
    var editor = Editor.on(pipeline).keep(inversions);
    store.ifPresent(editor::keep);
    return editor;
  }
}
