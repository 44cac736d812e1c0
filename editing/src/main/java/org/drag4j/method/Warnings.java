package org.drag4j.method;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.drag4j.geometry.Drawing;
import org.drag4j.geometry.Point;
import org.drag4j.geometry.RegionMask;
import org.drag4j.geometry.Task;

/** What of an edit has no effect, found before the work and without a device: a line each. */
final class Warnings {
  /** Names in one line. */
  private static final int SHOWN = 5;

  private Warnings() {}

  /** What mask, drags and arrows say of a task that a method will carry out. */
  static List<String> of(EditMethod method, Task task) {
    var warnings = new ArrayList<String>();
    var moves = method.moves(task).stream().filter(move -> move.cells().size() > 0).toList();
    if (task.masked()) {
      var view = task.view();
      mask(RegionMask.of(view.columns(), view.rows(), method.editable(task)), moves, warnings);
    }
    for (var move : moves) {
      if (move.still()) {
        warnings.add(
            move.name()
                + switch (method.pairing()) {
                  case NEAREST ->
                      ": no pixel leaves its place, so nothing moves; take it elsewhere";
                  case AS_RELEASED ->
                      ": every latent cell stays where it is, so nothing moves; take it at least 8"
                          + " pixels away as the model sees it";
                });
      }
    }
    method.moves(task).forEach(move -> warnings.addAll(move.idle()));
    arrows(task.drawing(), warnings);
    return warnings;
  }

  /** One line for every drag whose move turns or scales, which a method does not carry out so. */
  static List<String> turned(Task task, String instead) {
    return IntStream.range(0, task.drags().size())
        .filter(i -> task.drags().get(i).move().stream().anyMatch(move -> !move.isShift()))
        .mapToObj(i -> task.parts().get(i).name() + ": " + instead)
        .toList();
  }

  private static void mask(RegionMask editable, List<Moved> moves, List<String> warnings) {
    if (editable.isEmpty()) {
      warnings.add(
          "mask: lets no latent cell change, so nothing is edited; draw it larger, over handles and"
              + " targets");
      return;
    }
    var closed = new ArrayList<Moved>();
    var narrow = new ArrayList<Moved>();
    for (var move : moves) {
      int all = move.targets().count();
      int open = move.targets().within(editable).count();
      if (open == 0) {
        closed.add(move);
      } else if (2 * open < all) {
        narrow.add(move);
      }
    }
    if (!closed.isEmpty()) {
      boolean inverted = 2 * editable.count() > editable.width() * editable.height();
      warnings.add(
          "mask: leaves out the target of "
              + names(closed)
              + ", so nothing arrives there; "
              + (inverted
                  ? "is it inverted? what is set may change"
                  : "draw it over handles and targets"));
    }
    if (!narrow.isEmpty()) {
      warnings.add(
          "mask: leaves out more than half of the target of "
              + names(narrow)
              + "; draw it over handles and targets");
    }
  }

  private static String names(List<Moved> moves) {
    String names = moves.stream().limit(SHOWN).map(Moved::name).collect(Collectors.joining(", "));
    return moves.size() > SHOWN ? names + " and " + (moves.size() - SHOWN) + " more" : names;
  }

  /** Arrows are drawn in pixels of the picture. */
  private static void arrows(Drawing drawing, List<String> warnings) {
    for (int i = 0; i < drawing.drags().size(); i++) {
      var points = drawing.drags().get(i).points();
      for (int k = 0; k < points.size(); k++) {
        String place = drawing.place(i) + ".points[" + k + "]";
        String picture = "the picture of " + drawing.width() + "x" + drawing.height();
        if (isOutside(points.get(k).from(), drawing)) {
          warnings.add(place + ": starts outside " + picture + "; start it inside");
        }
        if (isOutside(points.get(k).to(), drawing)) {
          warnings.add(place + ": ends outside " + picture + "; what it carries there is cut off");
        }
      }
    }
  }

  private static boolean isOutside(Point p, Drawing drawing) {
    return p.x() < 0 || p.y() < 0 || p.x() >= drawing.width() || p.y() >= drawing.height();
  }
}
