package org.drag4j.tests.arch;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.drag4j.method.Methods;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** The map of the modules, as rules; every rule is tried on sources that break it. */
class ArchitectureTest {
  private static final String[] RUNTIME =
      packages("tensor graph layer device plan trace tune cache reference");
  private static final String[] EDITING =
      packages("picture geometry document schedule pipeline method session");
  private static final String[] ENGINE = packages("engine study verify");
  private static final String[] APP = packages("cli studio");

  private static final JavaClasses PROJECT =
      new ClassFileImporter()
          .withImportOption(location -> !location.contains("/org/drag4j/tests/"))
          // The kernels' own tests, which are on the class path for what runs CUDA without a GPU.
          .withImportOption(location -> !location.contains("-tests.jar!"))
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.drag4j");

  /**
   * A rule, and what breaks it.
   *
   * @param planted sources, {@code file: text}, that break this rule
   */
  private record Rule(String name, ArchRule rule, List<String> planted) {}

  private static List<Rule> rules() {
    var rules = new ArrayList<Rule>();
    rules.add(
        new Rule(
            "kernels are found by ServiceLoader, never imported",
            noClasses()
                .that()
                .resideOutsideOfPackage("org.drag4j.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.drag4j.kernels.."),
            uses("org.drag4j.unet", "org.drag4j.kernels.cpu.Gemm")));
    rules.add(
        new Rule(
            "kernels of one device do not see another's",
            slices()
                .matching("org.drag4j.kernels.(*)..")
                .should()
                .notDependOnEachOther()
                .allowEmptyShould(true),
            uses("org.drag4j.kernels.cuda", "org.drag4j.kernels.cpu.Gemm")));
    rules.add(
        new Rule(
            "kernels see nothing of the project but the runtime",
            noClasses()
                .that()
                .resideInAPackage("org.drag4j.kernels..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                    with(with(with(EDITING, ENGINE), APP), packages("weights text unet vae"))),
            uses("org.drag4j.kernels.cpu", "org.drag4j.weights.Safetensors")));
    rules.add(
        new Rule(
            "the runtime has no third-party code",
            classes()
                .that()
                .resideInAnyPackage(RUNTIME)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(with(RUNTIME, "java..", "org.jspecify.annotations..")),
            uses("org.drag4j.plan", "tools.jackson.databind.ObjectMapper")));
    rules.add(
        new Rule(
            "the weights loader sees nothing but the runtime",
            noClasses()
                .that()
                .resideInAPackage("org.drag4j.weights..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                    with(with(with(EDITING, ENGINE), APP), packages("text unet vae"))),
            uses("org.drag4j.weights", "org.drag4j.text.ClipTokenizer")));
    rules.add(
        new Rule(
            "networks do not know of editing",
            noClasses()
                .that()
                .resideInAnyPackage(packages("text unet vae"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(with(with(EDITING, ENGINE), APP)),
            uses("org.drag4j.unet", "org.drag4j.method.RegionDrag")));
    rules.add(
        new Rule(
            "networks do not see each other",
            slices().matching("org.drag4j.(text|unet|vae)..").should().notDependOnEachOther(),
            uses("org.drag4j.vae", "org.drag4j.unet.UNet2DConditionModel")));
    rules.add(
        new Rule(
            "editing does not know of the engine and the application",
            noClasses()
                .that()
                .resideInAnyPackage(EDITING)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(with(ENGINE, APP)),
            uses("org.drag4j.session", "org.drag4j.engine.Engine")));
    rules.add(
        new Rule(
            "engine, studies and comparisons do not know of the application",
            noClasses()
                .that()
                .resideInAnyPackage(ENGINE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(APP),
            uses("org.drag4j.engine", "org.drag4j.cli.Main")));
    rules.add(
        new Rule(
            "engine, studies and comparisons do not see each other",
            slices().matching("org.drag4j.(engine|study|verify)..").should().notDependOnEachOther(),
            uses("org.drag4j.study", "org.drag4j.engine.Engine")));
    // From the ground up; the schedule stands beside the first three.
    rules.addAll(floors("picture geometry document schedule pipeline method session"));
    Methods.classes().forEach(method -> rules.add(alone(method.getSimpleName())));
    rules.addAll(floors("cli.console cli.option cli.command"));
    rules.addAll(floors("cli.console cli.option cli.doctor"));
    rules.add(
        new Rule(
            "commands do not see the program that lists them",
            noClasses()
                .that()
                .resideInAPackage("org.drag4j.cli.*..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.drag4j.cli"),
            uses("org.drag4j.cli.command", "org.drag4j.cli.Drag4j")));
    rules.add(
        new Rule(
            "no package cycles",
            slices().matching("org.drag4j.(**)").should().beFreeOfCycles(),
            Stream.concat(
                    uses("org.drag4j.graph", "org.drag4j.plan.Plan").stream(),
                    uses("org.drag4j.plan", "org.drag4j.graph.Graph").stream())
                .toList()));
    rules.add(only("java.lang.foreign.Linker", "kernels.*.driver.."));
    rules.add(only("jdk.incubator.vector.FloatVector", "kernels.cpu.."));
    rules.add(only("jcuda.driver.JCudaDriver", "kernels.cuda.."));
    rules.add(only("org.jocl.CL", "kernels.opencl.."));
    rules.add(
        only(
            "tools.jackson.databind.ObjectMapper",
            "weights..",
            "document..",
            "engine..",
            "cli..",
            "studio.."));
    rules.add(
        only(
            "com.fasterxml.jackson.annotation.JsonProperty",
            "weights..",
            "document..",
            "engine..",
            "cli..",
            "studio.."));
    rules.add(only("picocli.CommandLine", "cli.."));
    rules.add(only("sun.misc.Unsafe"));
    return rules;
  }

  /** A rule a floor: of packages from the ground up, none sees one above it. */
  private static List<Rule> floors(String fromTheGroundUp) {
    var names = fromTheGroundUp.split(" ", -1);
    var rules = new ArrayList<Rule>();
    for (int i = 0; i + 1 < names.length; i++) {
      var above = List.of(names).subList(i + 1, names.length);
      rules.add(
          new Rule(
              names[i] + " sees nothing of " + above,
              noClasses()
                  .that()
                  .resideInAPackage("org.drag4j." + names[i] + "..")
                  .should()
                  .dependOnClassesThat()
                  .resideInAnyPackage(packages(String.join(" ", above))),
              uses("org.drag4j." + names[i], "org.drag4j." + above.getLast() + ".Above")));
    }
    return rules;
  }

  /** A method is one file: nobody knows it but the registry and the adapter of its recordings. */
  private static Rule alone(String method) {
    var itself = "org\\.drag4j\\.method\\." + method + "(\\$.*)?";
    return new Rule(
        method + " is known to Methods and to its recording adapter alone",
        noClasses()
            .that()
            .haveNameNotMatching(
                itself
                    + "|org\\.drag4j\\.method\\.Methods(\\$.*)?|org\\.drag4j\\.verify\\."
                    + method
                    + "Recording(\\$.*)?")
            .should()
            .dependOnClassesThat()
            .haveNameMatching(itself),
        uses("org.drag4j.session", "org.drag4j.method." + method));
  }

  /** A library that only these packages may use; a class of the JDK stands for itself alone. */
  private static Rule only(String example, String... allowed) {
    var users = Stream.of(allowed).map(p -> "org.drag4j." + p).toArray(String[]::new);
    int dot = example.lastIndexOf('.');
    boolean one = example.startsWith("java.");
    var library = one ? example : libraryOf(example.substring(0, dot));
    var pattern = library.replace(".", "\\.") + (one ? "(\\$.*)?" : "\\..*");
    return new Rule(
        library + " only in " + List.of(allowed),
        noClasses()
            .that()
            .resideOutsideOfPackages(users)
            .should()
            .dependOnClassesThat()
            .haveNameMatching(pattern),
        uses("org.drag4j.unet", example));
  }

  private static String libraryOf(String examplePackage) {
    return List.of("jcuda", "org.jocl", "tools.jackson", "com.fasterxml.jackson", "picocli")
        .stream()
        .filter(examplePackage::startsWith)
        .findFirst()
        .orElse(examplePackage);
  }

  @TestFactory
  Stream<DynamicTest> project() {
    return rules().stream()
        .map(r -> DynamicTest.dynamicTest(r.name(), () -> r.rule().check(PROJECT)));
  }

  @TestFactory
  Stream<DynamicTest> aBreachIsFound(@TempDir Path folder) {
    return rules().stream()
        .map(r ->
            DynamicTest.dynamicTest(
                r.name(),
                () -> {
                  var own = folder.resolve(Integer.toString(r.name().hashCode()));
                  var planted = compile(own, r.planted());
                  assertTrue(r.rule().evaluate(planted).hasViolation());
                }));
  }

  @Test
  void theWholeProjectIsLookedAt() {
    var seen =
        PROJECT.stream()
            .map(c -> c.getPackageName().split("\\.", -1)[2])
            .collect(Collectors.toSet());
    var expected =
        Set.of(
            ("tensor graph layer device plan trace cache reference kernels weights text unet vae"
                 + " picture geometry document schedule pipeline method session engine study verify"
                 + " cli")
                .split(" ", -1));
    assertTrue(seen.containsAll(expected), () -> "expected " + expected + ", got " + seen);
  }

  /**
   * A class of one package that names a class of another, and that class where we have to make it.
   */
  private static List<String> uses(String from, String name) {
    int dot = name.lastIndexOf('.');
    var user = "package " + from + "; public class User { " + name + " used; }";
    var used =
        "package " + name.substring(0, dot) + "; public class " + name.substring(dot + 1) + " {}";
    return name.startsWith("java.") || name.startsWith("sun.")
        ? List.of(user)
        : List.of(user, used);
  }

  private static JavaClasses compile(Path folder, List<String> sources) throws IOException {
    var arguments =
        new ArrayList<>(
            List.of(
                "-d", folder.resolve("classes").toString(), "-cp", "", "-nowarn", "-proc:none"));
    for (int i = 0; i < sources.size(); i++) {
      var text = sources.get(i);
      var name = text.replaceFirst(".*public class (\\w+).*", "$1");
      var file = folder.resolve(Integer.toString(i)).resolve(name + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
      arguments.add(file.toString());
    }
    var log = new ByteArrayOutputStream();
    int failed =
        ToolProvider.getSystemJavaCompiler().run(null, log, log, arguments.toArray(String[]::new));
    assertEquals(0, failed, () -> log.toString(StandardCharsets.UTF_8));
    return new ClassFileImporter().importPath(folder.resolve("classes"));
  }

  private static String[] packages(String names) {
    return Stream.of(names.split(" ", -1))
        .map(n -> "org.drag4j." + n + "..")
        .toArray(String[]::new);
  }

  private static String[] with(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }
}
