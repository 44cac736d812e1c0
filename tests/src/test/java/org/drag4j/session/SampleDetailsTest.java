package org.drag4j.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.document.MaskSource;
import org.drag4j.engine.Edit;
import org.drag4j.geometry.Mapping;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.Result;
import org.drag4j.picture.Levels;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Details and seams of the samples' edits, with the demo model. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SampleDetailsTest {
  private static final Path ROOT = Path.of("..");

  private final Backend backend =
      Devices.open("cpu", new DeviceOptions(OptionalInt.of(2), OptionalInt.empty()));
  private final Pipeline pipeline =
      Pipeline.open(ModelFolder.open(ROOT.resolve("models/demo")), backend, PlanOptions.DEFAULT);
  private final Editor editor = Editor.on(pipeline).keep(1L << 30);

  @AfterAll
  void close() {
    editor.close();
    pipeline.close();
    backend.close();
  }

  private static CheckedEdit sample(String name, String... settings) {
    var edit = Edit.read(ROOT.resolve("samples").resolve(name + ".json")).checked();
    return edit.with(Documents.set(edit.document(), "--set", List.of(settings), MaskSource.NONE));
  }

  private EditResult edited(CheckedEdit edit) {
    return editor.edit(edit, Progress.NONE, Glimpse.NONE);
  }

  private RegionMask change(CheckedEdit edit, Mapping moved) {
    var task = edit.checked(pipeline.shape()).getFirst();
    return Finishing.of(edit, edit.original(), task).change(new Result.Latent(new float[0], moved));
  }

  /** Mean difference in levels of the targets from the original's pixels, moved. */
  private static double error(Picture original, Picture edited, Mapping moved) {
    int w = original.width();
    byte[] wanted = moved.copyPixels(original.rgb(), w, original.height(), 3);
    var targets = moved.targets(w, original.height());
    long sum = 0;
    for (int at = targets.next(0); at >= 0; at = targets.next(at + 1)) {
      for (int c = 0; c < 3; c++) {
        sum += Math.abs((wanted[3 * at + c] & 0xff) - edited.level(at % w, at / w, c));
      }
    }
    return sum / (3.0 * targets.count());
  }

  /** Mean step in levels from just inside a border to just outside. */
  private static double step(Picture picture, RegionMask inside) {
    long sum = 0;
    long count = 0;
    for (int at = inside.next(0); at >= 0; at = inside.next(at + 1)) {
      int x = at % inside.width();
      int y = at / inside.width();
      for (int[] to : new int[][] {{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}}) {
        boolean shown =
            to[0] >= 0 && to[1] >= 0 && to[0] < inside.width() && to[1] < inside.height();
        for (int c = 0; c < 3 && shown && !inside.get(to[0], to[1]); c++) {
          sum += Math.abs(picture.level(x, y, c) - picture.level(to[0], to[1], c));
          count++;
        }
      }
    }
    return (double) sum / count;
  }

  @ParameterizedTest
  @ValueSource(strings = {"avocado", "dog", "ear", "eyes", "large-eyes", "owl", "pig"})
  void detailsAreNeverWorseAndBordersAreNotSeen(String name) {
    var plain = sample(name, "working.detail=0", "working.seams=plain");
    var fine = sample(name, "working.detail=1", "working.seams=matched");
    var original = plain.original();
    var before = edited(plain);
    var after = edited(fine);
    var moved = before.pixels();
    assertEquals(moved, after.pixels());
    double without = error(original, before.picture(), moved);
    double with = error(original, after.picture(), moved);
    var change = change(fine, moved);
    double was = step(original, change);
    double hard = step(before.picture(), change);
    double soft = step(after.picture(), change);
    System.out.printf(
        Locale.ROOT,
        "details: %s: error %.2f without, %.2f with; step at the border %.2f in the original, %.2f"
            + " without, %.2f with%n",
        name,
        without,
        with,
        was,
        hard,
        soft);
    assertTrue(with <= without, () -> with + " > " + without);
    assertTrue(soft <= was + 2, () -> soft + " > " + was + " + 2");
    // An autoencoder that loses more than the demo's.
    var levels = Levels.of(original);
    var task = plain.checked(pipeline.shape()).getFirst();
    int w = original.width();
    var left = task.handles(task.view().original()).union(moved.sources(w, original.height()));
    for (double deviation : new double[] {1, 2, 4}) {
      var decoded = levels.blurred(deviation);
      var restored =
          Details.restored(Levels.of(before.picture()), decoded, levels, moved, left, 1).picture();
      double lost = error(original, restored, moved);
      assertTrue(lost <= without, () -> deviation + ": " + lost + " > " + without);
    }
  }
}
