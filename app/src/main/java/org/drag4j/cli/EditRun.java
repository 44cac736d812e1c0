package org.drag4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.drag4j.document.EditDocument;
import org.drag4j.document.Settings;
import org.drag4j.method.Documents;
import org.drag4j.picture.Picture;
import org.drag4j.session.EditResult;
import org.drag4j.session.Editor;
import org.drag4j.session.Glimpse;
import org.drag4j.weights.ModelNotFoundException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/**
 * What every edit goes through: document and picture checked, edited, written.
 *
 * @param documentFolder that file names in the document are relative to
 * @param hash SHA-256 of the picture's file
 */
record EditRun(Path documentFolder, EditDocument document, Picture original, String hash) {
  /** Reads a document and its picture and checks one against the other. */
  static EditRun open(Path file, DocumentOptions options, DocumentOptions.Image image) {
    return of(folder(file), image.applied(document(file, options)));
  }

  /**
   * As {@link #open(Path, DocumentOptions, DocumentOptions.Image)}, with the document's picture.
   */
  static EditRun open(Path file, DocumentOptions options) {
    return open(file, options, new DocumentOptions.Image());
  }

  /**
   * The document of a file: its JSON, or that which an edited picture carries.
   *
   * @throws PictureException where a PNG carries none
   */
  static EditDocument document(Path file, DocumentOptions options) {
    var masks = PictureFiles.masksIn(folder(file));
    EditDocument document;
    if (PictureFiles.isPng(file)) {
      var text = Optional.ofNullable(PictureFiles.texts(file).get(Metadata.DOCUMENT));
      byte[] json =
          text.orElseThrow(() ->
                  new PictureException(
                      file,
                      "an edit document, or a PNG that drag4j edited",
                      "a PNG without a document in it",
                      "name the document's JSON file"))
              .getBytes(StandardCharsets.UTF_8);
      document = Documents.parse(file + ": " + Metadata.DOCUMENT, json, masks);
    } else {
      document = Documents.read(file, masks);
    }
    return options.applied(document, masks);
  }

  /** Reads the picture of a document and checks one against the other. */
  static EditRun of(Path folder, EditDocument document) {
    var file = folder.resolve(document.image().file());
    var loaded = PictureFiles.load(file, document.image().sha256());
    document.validate(loaded.picture().width(), loaded.picture().height());
    return new EditRun(folder, document, loaded.picture(), loaded.sha256());
  }

  /** The folder that file names in a document are relative to. */
  static Path folder(Path file) {
    return Optional.ofNullable(file.toAbsolutePath().getParent()).orElse(Path.of(""));
  }

  /** A file's name in a document: relative where it lies in the folder or below, else absolute. */
  static String name(Path file, Path documentFolder) {
    var absolute = file.toAbsolutePath().normalize();
    var folder = documentFolder.toAbsolutePath().normalize();
    return absolute.startsWith(folder) && !absolute.equals(folder)
        ? folder.relativize(absolute).toString().replace('\\', '/')
        : absolute.toString();
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
  EditResult run(
      Path model,
      EngineOptions engine,
      InversionOptions inversions,
      ConsoleProgress progress,
      Glimpse glimpse) {
    return engine.run(
        model,
        progress,
        pipeline -> {
          inversions.use(pipeline);
          return Editor.edit(document, original, pipeline, progress, glimpse);
        });
  }

  /** Writes a picture as the last phase. */
  static void save(Picture picture, Path out, Map<String, String> texts, ConsoleProgress progress)
      throws IOException {
    progress.phase("save", 1);
    progress.check();
    PictureFiles.writePng(picture, out, texts);
    progress.step(1, 1);
  }

  /** What the result carries: enough to be made again from where it is written to. */
  Map<String, String> texts(EditResult result, Path model, Path out, EngineOptions engine) {
    var folder = folder(out);
    var complete =
        document
            .withFiles(
                new EditDocument.Image(name(picture(), folder), Optional.of(hash)),
                Optional.of(name(model, folder)))
            .withPictures(other ->
                new EditDocument.Image(
                    name(documentFolder.resolve(other.file()), folder), other.sha256()))
            .withMasks(PictureFiles::inline);
    var run = new LinkedHashMap<String, Object>();
    run.put("version", Metadata.version());
    run.put("device", engine.device);
    run.put("dtype", engine.precision.name().toLowerCase(Locale.ROOT));
    run.put("exact", engine.exact);
    engine.threads.ifPresent(count -> run.put("threads", count));
    engine.cpuVector.ifPresent(bits -> run.put("cpuVector", bits));
    run.putAll(frame(result));
    String size = "%dx%d".formatted(original.width(), original.height());
    return Metadata.of(complete, model, size, run);
  }

  private static Map<String, Object> frame(EditResult result) {
    var view = result.frame().working();
    var frame = new LinkedHashMap<String, Object>();
    frame.put("workingWidth", view.width());
    frame.put("workingHeight", view.height());
    frame.put("window", List.of(view.x(), view.y(), view.windowWidth(), view.windowHeight()));
    return frame;
  }

  /**
   * Checks where the result goes, before any work.
   *
   * @param sources files that must not be overwritten
   */
  static void requireOutput(CommandSpec spec, Path out, Path... sources) throws IOException {
    if (!out.toString().matches("(?i).*\\.png")) {
      throw new ParameterException(
          spec.commandLine(), "-o: expected a name that ends in .png, got " + out);
    }
    AtomicFile.requireFolder(out);
    for (var source : sources) {
      if (Files.exists(out) && Files.exists(source) && Files.isSameFile(out, source)) {
        throw new ParameterException(
            spec.commandLine(), "-o: expected another file than what is read, got " + out);
      }
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
  Map<String, Object> json(
      EditResult result, Path out, EngineOptions engine, ConsoleProgress progress) {
    var json = new LinkedHashMap<String, Object>();
    json.put("picture", out.toString());
    json.put("width", result.picture().width());
    json.put("height", result.picture().height());
    json.putAll(frame(result));
    json.put("movedPixels", result.pixels().size());
    json.put("seed", document.seed());
    Settings.value(document.method().parameters(), "steps")
        .ifPresent(steps -> json.put("steps", steps));
    json.put("device", engine.device);
    json.put("seconds", progress.phaseSeconds());
    return json;
  }
}
