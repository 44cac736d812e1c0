package org.drag4j.tests.parity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;
import org.drag4j.document.MaskSource;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.session.Editor;
import org.drag4j.tests.conformance.Target;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Many edits on one open device: {@code -Ddrag4j.test.edits=200}. The memory of the process is that
 * which the system counts, so that nothing of the driver is left out.
 */
class OpenClGrowthTest {
  private static final String EDITS = "drag4j.test.edits";
  private static final Path ROOT = Path.of("..");
  private static final int STEPS = 4;

  /**
   * Kilobytes by which the least of the last quarter may exceed that of the second. What the C
   * library keeps of freed buffers comes and goes; a leak raises the least, too.
   */
  private static final long ALLOWED = 16 << 10;

  @Test
  @EnabledIfSystemProperty(
      named = EDITS,
      matches = "[0-9]+",
      disabledReason = "takes minutes; -D" + EDITS + "=200 runs it")
  void memoryDoesNotGrowFromEditToEdit() throws Exception {
    var target = Target.inHalf(Target.openCl());
    Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "needs Linux's /proc");
    int edits = Math.max(8, Integer.getInteger(EDITS, 8));
    var document = Documents.read(ROOT.resolve("samples").resolve("eyes.json"));
    document = Documents.set(document, "test", List.of("method.steps=" + STEPS), MaskSource.NONE);
    var picture = picture(ROOT.resolve("samples").resolve(document.image().file()));
    var model = ModelFolder.open(ROOT.resolve("models").resolve("demo"));
    var used = new ArrayList<Long>();
    try (var backend = target.open()) {
      for (int i = 0; i < edits; i++) {
        try (var pipeline = Pipeline.open(model, backend, PlanOptions.DEFAULT)) {
          var result = Editor.edit(document, picture, pipeline, Progress.NONE);
          assertTrue(result.pixels().size() > 0);
        }
        used.add(kilobytes());
      }
    }
    int quarter = edits / 4;
    long early = least(used, quarter, 2 * quarter);
    long late = least(used, edits - quarter, edits);
    System.out.printf("growth: %d KB after a quarter, %d KB at the end%n", early, late);
    assertTrue(late <= early + ALLOWED, () -> "memory grows: " + used);
  }

  private static long least(List<Long> used, int from, int to) {
    return used.subList(from, to).stream().mapToLong(Long::longValue).min().orElseThrow();
  }

  private static long kilobytes() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(l -> l.startsWith("VmRSS:"))
          .mapToLong(l -> Long.parseLong(l.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  private static Picture picture(Path file) throws IOException {
    var image = ImageIO.read(file.toFile());
    var rgb = new byte[image.getWidth() * image.getHeight() * 3];
    for (int i = 0; i < rgb.length; i++) {
      int pixel = i / 3;
      int colours = image.getRGB(pixel % image.getWidth(), pixel / image.getWidth());
      rgb[i] = (byte) (colours >> (16 - 8 * (i % 3)));
    }
    return Picture.of(image.getWidth(), image.getHeight(), rgb);
  }
}
