package org.drag4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.document.EditDocument;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.session.Editor;
import org.drag4j.weights.ModelFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EditPictureTest {
  private static final Path HOME = Path.of("..").toAbsolutePath().normalize();

  /** What the program says in Java, the sample says in a document. */
  @Test
  void theProgramDoesWhatTheSampleSays(@TempDir Path folder) throws Exception {
    var model = HOME.resolve("models").resolve("demo");
    var original = HOME.resolve("samples").resolve("eyes.png");
    var out = folder.resolve("out.png");
    EditPicture.main(new String[] {model.toString(), original.toString(), out.toString()});
    var edited = Picture.of(ImageIO.read(out.toFile()));
    var before = Picture.of(ImageIO.read(original.toFile()));
    assertTrue(edited.psnr(before) < 40, () -> "as before: " + edited.psnr(before) + " dB");
    try (var device = Devices.open("cpu", DeviceOptions.DEFAULT);
        var pipeline = Pipeline.open(ModelFolder.open(model), device, PlanOptions.DEFAULT)) {
      var document = EditDocument.read(HOME.resolve("samples").resolve("eyes.json"));
      assertEquals(Editor.edit(document, before, pipeline, Progress.NONE).picture(), edited);
    }
  }
}
