package org.drag4j.session;

import java.util.List;
import org.drag4j.document.EditDocument;
import org.drag4j.geometry.Frame;
import org.drag4j.geometry.Mapping;
import org.drag4j.picture.Picture;

/**
 * An edited picture.
 *
 * @param picture as large as the original
 * @param pixels which pixel of the original each moved pixel comes from, in the original's size
 * @param windows the parts of the original that were edited, in this order
 * @param document as it was carried out, with what model and drags decided
 */
public record EditResult(
    Picture picture, Mapping pixels, List<Window> windows, EditDocument document) {
  public EditResult {
    windows = List.copyOf(windows);
  }

  /** The largest {@link Window#changeOutside} of the windows. */
  public double changeOutside() {
    return windows.stream().mapToDouble(Window::changeOutside).max().orElse(0);
  }

  /**
   * A part of the original that was edited.
   *
   * @param frame where it is, and the size at which it was edited
   * @param changeOutside mean difference, in levels, between the method's picture and the original
   *     where the original is put back; 0 where everything may change
   */
  public record Window(Frame frame, double changeOutside) {}
}
