package org.drag4j.method;

import java.util.List;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Task;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.ModelShape;

/**
 * A way to edit a picture: a record whose components are its parameters, found by name in {@link
 * Methods}. One file, which reads as its paper.
 */
public interface EditMethod {
  /**
   * Edits.
   *
   * @throws org.drag4j.pipeline.CancelledException where the user stopped the work
   */
  Result edit(Session s);

  /**
   * Refuses what this method cannot do, before any weight is read.
   *
   * @throws org.drag4j.geometry.EditDocumentException naming the part of the document that does not
   *     fit
   * @throws org.drag4j.tensor.WeightMismatchException where the model does not fit
   */
  default void check(Task task, ModelShape model) {}

  /** What becomes of the result. */
  default Finish finish() {
    return Finish.DEFAULT;
  }

  /**
   * What this method will move, without a device.
   *
   * @param original the whole picture
   */
  default Preview preview(Task task, Picture original, Preview.Detail detail) {
    return Preview.ofRegions(task, task.merged(Overlap.LATER_WINS), original, detail);
  }

  /**
   * The keys under which an edit will ask for kept values, by which a batch is grouped; none where
   * nothing can be used again.
   */
  default List<Record> keeps(Given given) {
    return List.of();
  }
}
