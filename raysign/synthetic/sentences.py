"""Real sentences, signed by the synthetic signers: the words are a corpus's, the motion is not.

Which glosses follow which, how often, in sentences how long, and what is said with them, is all
real; each gloss is a sign of the synthetic world, which looks nothing like the sign of that name.
So figures on it say what a method makes of real word statistics under motion that is known frame by
frame, not how well it reads a real sign language. Homonyms and spelling are the real text's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import count, islice
from typing import TYPE_CHECKING

from raysign.clip import Clip
from raysign.errors import DataError
from raysign.sentences import SignedSentence
from raysign.skeleton import HOLISTIC75
from raysign.synthetic.camera import detect
from raysign.synthetic.continuous import perform_all
from raysign.synthetic.performance import FPS
from raysign.synthetic.world import FRAME_SIZE, LANGUAGE_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from raysign.synthetic.signers import Signer
    from raysign.synthetic.world import World


@dataclass(frozen=True)
class Interpreters:
    """The people of a synthetic world, in the places of a corpus's speakers.

    ``glosses``: gloss number i is the world's sign number i, so new glosses go to the end.
    ``speakers``: speaker number i is its signer number i; where there are two or more and none of
    them is left-handed, the world's first left-handed signer stands in for the last.
    ``test_only``: speakers of the test split alone; they are the world's next signers who stand in
    for nobody, so that nobody else depends on them.
    """

    world: World
    glosses: tuple[str, ...]
    speakers: tuple[str, ...]
    test_only: tuple[str, ...] = ()

    def sentence(
        self,
        name: str,
        glosses: Sequence[str],
        speaker: str,
        *,
        translation: Sequence[str] = (),
        num_frames: int | None = None,
        split: str = "",
        dataset: str = "",
    ) -> SignedSentence:
        """The sentence as that speaker's signer signs it; the same bytes each time.

        ``spans`` are the frames in which each gloss is the only one, between the transitions.
        ``DataError`` where there is no gloss, one is not known, or fewer frames than glosses.
        """
        rng = self.world.chance_of(name)
        signer = self.signer(speaker)
        try:
            signs = [self.world.sign(self._numbers[gloss]) for gloss in glosses]
            performance, spans = perform_all(signs, signer, num_frames, rng)
        except KeyError as error:
            raise DataError(f"sentence {name!r}: unknown gloss {error}") from None
        except DataError as error:
            raise DataError(f"sentence {name!r}: {error}") from None
        xyz, confidence = detect(performance, signer, rng)
        clip = Clip(
            clip_id=name,
            xyz=xyz,
            layout=HOLISTIC75.name,
            signer=speaker,
            split=split,
            language=LANGUAGE_CODES[self.world.config.language],
            dataset=dataset,
            fps=float(FPS),
            width=FRAME_SIZE,
            height=FRAME_SIZE,
            confidence=confidence,
        )
        return SignedSentence(clip, tuple(glosses), tuple(translation), spans)

    def signer(self, speaker: str) -> Signer:
        names = (*self.speakers, *self.test_only)
        if speaker not in names:
            raise DataError(f"unknown speaker {speaker!r}; there are {', '.join(names)}")
        return self._people[names.index(speaker)]

    @cached_property
    def _people(self) -> tuple[Signer, ...]:
        people = [self.world.signer(index) for index in range(len(self.speakers))]
        stands_in = None
        if len(people) > 1 and not any(one.left_handed for one in people):
            new = (index for index in count(len(people)) if self.world.signer(index).left_handed)
            stands_in = next(new)
            people[-1] = self.world.signer(stands_in)
        rest = (index for index in count(len(people)) if index != stands_in)
        return (*people, *(self.world.signer(index) for index in islice(rest, len(self.test_only))))

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {gloss: number for number, gloss in enumerate(self.glosses)}
