package org.drag4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.drag4j.edit.EditDocument;
import org.drag4j.edit.EditResult;
import org.drag4j.edit.Editor;
import org.drag4j.edit.Picture;
import org.drag4j.weights.ModelNotFoundException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** What every edit goes through: document and picture checked, edited, written. */
record EditRun(Path documentFolder, EditDocument document, Picture original) {
  /**
   * Reads a document and its picture and checks one against the other.
   *
   * @param seed instead of the document's
   * @param steps instead of the document's
   */
  static EditRun open(Path file, Optional<Long> seed, Optional<Integer> steps) {
    var folder = folder(file);
    var document = EditDocument.read(file, name -> PictureFiles.readMask(folder.resolve(name)));
    if (seed.isPresent()) {
      document = document.withSeed(seed.get());
    }
    if (steps.isPresent()) {
      document = document.withMethod(document.method().withSteps(steps.get()));
    }
    return of(folder, document);
  }

  /** Reads the picture of a document and checks one against the other. */
  static EditRun of(Path folder, EditDocument document) {
    var picture =
        PictureFiles.read(folder.resolve(document.image().file()), document.image().sha256());
    document.validate(picture.width(), picture.height());
    return new EditRun(folder, document, picture);
  }

  /** The folder that file names in a document are relative to. */
  static Path folder(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of(""));
  }

  /** The picture's file. */
  Path picture() {
    return documentFolder.resolve(document.image().file());
  }

  /** The model the user names, or else the document. */
  Path model(Optional<Path> named) {
    return named
        .or(() -> document.model().map(documentFolder::resolve))
        .orElseThrow(() ->
            new ModelNotFoundException(
                "model: expected a folder in the diffusers layout, got none; name one with"
                    + " --model, DRAG4J_MODEL or \"model\": {\"path\": ...} in the document"));
  }

  /** Edits. */
  EditResult run(Path model, EngineOptions engine, ConsoleProgress progress) {
    return engine.run(
        model, progress, pipeline -> Editor.edit(document, original, pipeline, progress));
  }

  /** Writes a picture as the last phase. */
  static void save(Picture picture, Path out, ConsoleProgress progress) throws IOException {
    progress.phase("save", 1);
    progress.check();
    PictureFiles.writePng(picture, out);
    progress.step(1, 1);
  }

  /**
   * Checks where the result goes, before any work.
   *
   * @param source the picture that must not be overwritten
   */
  static void requireOutput(CommandSpec spec, Path out, Optional<Path> source) throws IOException {
    if (!out.toString().matches("(?i).*\\.png")) {
      throw new ParameterException(
          spec.commandLine(), "-o: expected a name that ends in .png, got " + out);
    }
    AtomicFile.requireFolder(out);
    if (source.isPresent()
        && Files.exists(out)
        && Files.exists(source.get())
        && Files.isSameFile(out, source.get())) {
      throw new ParameterException(
          spec.commandLine(), "-o: expected another file than the picture to edit, got " + out);
    }
  }

  /** The name of the edited picture where the user gives none: in the current folder. */
  static Path defaultOutput(Path input) {
    return Path.of(stem(input) + "-edited.png");
  }

  static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  /** What JSON output says of an edit. */
  Map<String, Object> json(EditResult result, Path out, EngineOptions engine) {
    var json = new LinkedHashMap<String, Object>();
    json.put("picture", out.toString());
    json.put("width", result.picture().width());
    json.put("height", result.picture().height());
    json.put("workingWidth", result.working().width());
    json.put("workingHeight", result.working().height());
    json.put("movedPixels", result.pixels().size());
    json.put("seed", document.seed());
    json.put("steps", document.method().steps());
    json.put("device", engine.device);
    return json;
  }
}
