package org.drag4j.session;

import java.util.List;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.Task;
import org.drag4j.method.EditMethod;
import org.drag4j.method.Methods;
import org.drag4j.method.Preview;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.ModelShape;

/**
 * A document with the pictures it names, checked against each other before anything large is
 * loaded.
 *
 * @param original the picture to edit
 * @param pictures the further ones, in the document's order
 * @param drawing the document's drags and mask on the original
 */
public record CheckedEdit(
    EditDocument document, Picture original, List<Picture> pictures, Drawing drawing) {
  public CheckedEdit {
    pictures = List.copyOf(pictures);
  }

  /**
   * Checks a document against its pictures.
   *
   * @throws org.drag4j.geometry.EditDocumentException where a region lies wholly outside the
   *     original, or a painted mask has another size
   */
  public static CheckedEdit of(EditDocument document, Picture original, Picture... pictures) {
    return new CheckedEdit(
        document,
        original,
        List.of(pictures),
        Drawing.of(document.drags(), document.mask(), original.width(), original.height()));
  }

  /**
   * Another document for the same pictures.
   *
   * @throws org.drag4j.geometry.EditDocumentException as {@link #of}
   */
  public CheckedEdit with(EditDocument other) {
    return of(other, original, pictures.toArray(Picture[]::new));
  }

  /** The method, with the document's parameters. */
  public EditMethod method() {
    return Methods.of(document);
  }

  /**
   * What the drags mean for a model.
   *
   * @param nativeSize side of the pictures the model was trained on
   * @param factor pixels to a latent cell
   */
  public Task task(int nativeSize, int factor) {
    var working = document.working();
    int longest = working.size().orElse(nativeSize);
    boolean window = working.crop() && method().finish().window();
    var frame = window ? drawing.window(longest, factor) : drawing.whole(longest, factor);
    return new Task(drawing, frame);
  }

  /**
   * Refuses what the method cannot do with a model, before a weight is read.
   *
   * @throws org.drag4j.geometry.EditDocumentException where the document does not fit the method
   * @throws org.drag4j.tensor.WeightMismatchException where the model does not
   */
  public Task checked(ModelShape model) {
    var task = task(model.nativeSize(), model.factor());
    method().check(task, model);
    return task;
  }

  /** What the edit will move, without a device; as {@link #task}. */
  public Preview preview(int nativeSize, int factor, Preview.Detail detail) {
    return method().preview(task(nativeSize, factor), original, detail);
  }
}
