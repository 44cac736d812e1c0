package org.drag4j.method;

import java.util.List;
import org.drag4j.geometry.Border;
import org.drag4j.geometry.Overlap;
import org.drag4j.geometry.Pairing;
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

  /** What becomes of regions that hang over the picture's border. */
  default Border border() {
    return Border.CUT;
  }

  /** Which latent cell is copied to which. */
  default Pairing pairing() {
    return Pairing.AS_RELEASED;
  }

  /** Which of several drags gets a cell. */
  default Overlap overlap() {
    return Overlap.LATER_WINS;
  }

  /** The latent cells that the mask lets this method change, {@code [rows, columns]}. */
  default boolean[] editable(Task task) {
    return task.editableCells();
  }

  /** What this method copies. */
  default Preview.Detail detail() {
    return Preview.Detail.CELLS;
  }

  /** What each drag moves by itself, whether or not it can be done. */
  default List<Moved> moves(Task task) {
    return Moved.ofRegions(task);
  }

  /**
   * What an edit will do that hardly anybody wants, or without effect: a line each. What cannot be
   * done at all {@link #check} refuses.
   */
  default List<String> warnings(Task task) {
    return Warnings.of(this, task);
  }

  /**
   * What this method will move, without a device.
   *
   * @param original the whole picture
   */
  default Preview preview(Task task, Picture original, Preview.Detail detail) {
    return Preview.of(this, task, original, detail);
  }

  /**
   * The keys under which an edit will ask for kept values, by which a batch is grouped; none where
   * nothing can be used again.
   */
  default List<Record> keeps(Given given) {
    return List.of();
  }
}
