package org.drag4j.examples;

import java.io.IOException;
import java.nio.file.Path;
import org.drag4j.engine.Engine;
import org.drag4j.engine.Job;
import org.drag4j.engine.Setup;
import org.drag4j.geometry.Area;
import org.drag4j.geometry.Drag;
import org.drag4j.method.Documents;
import org.drag4j.picture.PictureFiles;

/** Moves the eyes of a face up; arguments: model folder, picture, edited picture. */
public final class EditPicture {
  private EditPicture() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    var picture = PictureFiles.read(Path.of(args[1]));
    var document =
        Documents.of(
            "grinning face with big eyes",
            Drag.region(new Area.Rectangle(56, 48, 64, 68), new Area.Rectangle(56, 32, 64, 68)),
            Drag.region(new Area.Rectangle(128, 48, 72, 68), new Area.Rectangle(128, 32, 72, 68)));
    try (var engine = Engine.start(Setup.of("cpu"))) {
      var job = engine.submit(Job.edit(Path.of(args[0]), document, picture));
      PictureFiles.writePng(job.await().picture(), Path.of(args[2]));
    }
  }
}
