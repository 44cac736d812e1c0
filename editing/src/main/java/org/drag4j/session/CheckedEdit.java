package org.drag4j.session;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import org.drag4j.document.EditDocument;
import org.drag4j.document.EditDocument.Windows;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.Task;
import org.drag4j.geometry.Zoom;
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
  /** A window that is reduced by more than this deserves a warning. */
  private static final double REDUCED = 1.5;

  public CheckedEdit {
    pictures = List.copyOf(pictures);
  }

  /**
   * Checks a document against its pictures.
   *
   * @throws EditDocumentException where a region lies wholly outside the original, or a painted
   *     mask has another size
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
   * @throws EditDocumentException as {@link #of}
   */
  public CheckedEdit with(EditDocument other) {
    return of(other, original, pictures.toArray(Picture[]::new));
  }

  /** The method, with the document's parameters. */
  public EditMethod method() {
    return Methods.of(document);
  }

  /**
   * What the drags mean for a model: a task for each window, in the order in which they are worked.
   *
   * @param nativeSize side of the pictures the model was trained on
   * @param factor pixels to a latent cell
   * @throws EditDocumentException where the picture is too small for the size that the document
   *     asks for
   */
  public List<Task> tasks(int nativeSize, int factor) {
    var method = method();
    return windows(nativeSize, factor).stream()
        .map(
            window -> new Task(window.drawing(), window.frame(), method.border(), method.pairing()))
        .toList();
  }

  private List<Drawing.Window> windows(int nativeSize, int factor) {
    var working = document.working();
    int longest = working.size().orElse(nativeSize);
    if (working.enlarge() && exceeded()) {
      return List.of(new Drawing.Window(drawing, drawing.enlarged(longest, factor)));
    }
    if (!working.crop() || !method().finish().window()) {
      return List.of(new Drawing.Window(drawing, drawing.whole(longest, factor)));
    }
    return switch (working.windows()) {
      case FITTED -> drawing.windows(longest, zoom(nativeSize, factor), factor, method().border());
      case ONE -> List.of(new Drawing.Window(drawing, drawing.window(longest, factor)));
    };
  }

  private double zoom(int nativeSize, int factor) {
    var working = document.working();
    if (working.zoom().isPresent()) {
      return working.zoom().get();
    }
    return working.size().isPresent() ? 1 : Zoom.of(drawing, nativeSize, factor, method().border());
  }

  /** Whether the document asks for a larger size than the picture has. */
  private boolean exceeded() {
    int side = Math.max(drawing.width(), drawing.height());
    return document.working().size().orElse(0) > side;
  }

  /** Whether the windows are fitted to the drags. */
  private boolean fitted() {
    var working = document.working();
    return working.crop()
        && working.windows() == Windows.FITTED
        && method().finish().window()
        && !(working.enlarge() && exceeded());
  }

  /**
   * The same with what is chosen by model and drags written down, so that a drag that is nudged
   * later finds it unchanged.
   *
   * @param nativeSize side of the pictures the model was trained on
   * @param factor pixels to a latent cell
   */
  public CheckedEdit settled(int nativeSize, int factor) {
    var working = document.working();
    return fitted()
        ? new CheckedEdit(
            document.withWorking(working.withZoom(zoom(nativeSize, factor))),
            original,
            pictures,
            drawing)
        : this;
  }

  /**
   * Refuses what the method cannot do with a model, before a weight is read.
   *
   * @return a task for each window, as {@link #tasks}
   * @throws EditDocumentException where the document does not fit the method
   * @throws org.drag4j.tensor.WeightMismatchException where the model does not
   */
  public List<Task> checked(ModelShape model) {
    var tasks = tasks(model.nativeSize(), model.factor());
    tasks.forEach(task -> method().check(task, model));
    return tasks;
  }

  /**
   * What the edit will do that hardly anybody wants, or without effect: a line each, told before
   * the work.
   *
   * @param tasks of this edit
   */
  public List<String> warnings(List<Task> tasks) {
    var warnings = new LinkedHashSet<String>();
    tasks.forEach(task -> warnings.addAll(method().warnings(task)));
    if (fitted()) {
      tasks.stream()
          .filter(task -> task.frame().reduction() > REDUCED)
          .map(CheckedEdit::reduced)
          .forEach(warnings::add);
    }
    if (exceeded() && !document.working().enlarge()) {
      warnings.add(
          "working.size: the picture of %dx%d is not enlarged to %d; set working.enlarge=true"
              .formatted(
                  drawing.width(), drawing.height(), document.working().size().orElseThrow()));
    }
    return List.copyOf(warnings);
  }

  private static String reduced(Task task) {
    var view = task.view();
    return String.format(
        Locale.ROOT,
        "%s: the window of %dx%d that holds all of it is reduced %.1f times for the model, so what"
            + " changes there is blurred; move less far, or set working.size above %d",
        String.join(", ", task.parts().stream().map(Task.Part::name).toList()),
        view.windowWidth(),
        view.windowHeight(),
        task.frame().reduction(),
        Math.max(view.width(), view.height()));
  }

  /**
   * What the edit will move, without a device: a preview for each window, each drawn on the one
   * before it.
   *
   * @param tasks of this edit
   */
  public List<Preview> previews(List<Task> tasks, Preview.Detail detail) {
    var previews = new ArrayList<Preview>();
    var picture = original;
    for (var task : tasks) {
      var preview = method().preview(task, picture, detail);
      previews.add(preview);
      picture = preview.picture();
    }
    return List.copyOf(previews);
  }
}
