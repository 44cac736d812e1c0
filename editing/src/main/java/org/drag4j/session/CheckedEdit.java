package org.drag4j.session;

import java.util.ArrayList;
import java.util.List;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.Frame;
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
   * @throws org.drag4j.geometry.EditDocumentException where the picture is too small for the size
   *     that the document asks for
   */
  public Task task(int nativeSize, int factor) {
    return new Task(drawing, frame(nativeSize, factor), method().border());
  }

  private Frame frame(int nativeSize, int factor) {
    var working = document.working();
    int longest = working.size().orElse(nativeSize);
    if (working.enlarge() && exceeded()) {
      return drawing.enlarged(longest, factor);
    }
    return working.crop() && method().finish().window()
        ? drawing.window(longest, factor)
        : drawing.whole(longest, factor);
  }

  /** Whether the document asks for a larger size than the picture has. */
  private boolean exceeded() {
    int side = Math.max(drawing.width(), drawing.height());
    return document.working().size().orElse(0) > side;
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

  /**
   * What the edit will do that hardly anybody wants, or without effect: a line each, told before
   * the work.
   *
   * @param task of this edit
   */
  public List<String> warnings(Task task) {
    var warnings = new ArrayList<>(method().warnings(task));
    if (exceeded() && !document.working().enlarge()) {
      warnings.add(
          "working.size: the picture of %dx%d is not enlarged to %d; set working.enlarge=true"
              .formatted(
                  drawing.width(), drawing.height(), document.working().size().orElseThrow()));
    }
    return warnings;
  }

  /** What the edit will move, without a device; as {@link #task}. */
  public Preview preview(int nativeSize, int factor, Preview.Detail detail) {
    return preview(task(nativeSize, factor), detail);
  }

  /**
   * What the edit will move, without a device.
   *
   * @param task of this edit
   */
  public Preview preview(Task task, Preview.Detail detail) {
    return method().preview(task, original, detail);
  }
}
