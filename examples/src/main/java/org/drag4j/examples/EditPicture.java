package org.drag4j.examples;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.drag4j.device.DeviceOptions;
import org.drag4j.device.Devices;
import org.drag4j.document.Area;
import org.drag4j.document.Drag;
import org.drag4j.document.EditDocument;
import org.drag4j.picture.Picture;
import org.drag4j.pipeline.Pipeline;
import org.drag4j.pipeline.Progress;
import org.drag4j.plan.PlanOptions;
import org.drag4j.session.Editor;
import org.drag4j.weights.ModelFolder;

/** Moves the eyes of a face up; arguments: model folder, picture, edited picture. */
public final class EditPicture {
  private EditPicture() {}

  public static void main(String[] args) throws IOException {
    var picture = Picture.of(ImageIO.read(new File(args[1])));
    var document =
        EditDocument.of(
            "grinning face with big eyes",
            Drag.region(new Area.Rectangle(56, 48, 64, 68), new Area.Rectangle(56, 32, 64, 68)),
            Drag.region(new Area.Rectangle(128, 48, 72, 68), new Area.Rectangle(128, 32, 72, 68)));
    try (var device = Devices.open("cpu", DeviceOptions.DEFAULT);
        var pipeline =
            Pipeline.open(ModelFolder.open(Path.of(args[0])), device, PlanOptions.DEFAULT)) {
      var result = Editor.edit(document, picture, pipeline, Progress.NONE);
      ImageIO.write(result.picture().toImage(), "png", new File(args[2]));
    }
  }
}
