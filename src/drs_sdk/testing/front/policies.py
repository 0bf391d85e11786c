"""IAM policies that callers are held to.

Only actions are judged, and those conditions whose values the emulator knows. A policy that says
more is refused: it would pass here and fail at AWS, or the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from drs_sdk.iam import actions_for
from drs_sdk.testing.service.refusals import ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_sdk.testing.front.keys import AccessKey
    from drs_sdk.testing.service.documents import Doc

    _Context: TypeAlias = Mapping[str, tuple[str, ...]]

_ROLE = re.compile(r"arn:(aws[a-z-]*):iam::(\d{12}):role/(?:[^:]+/)?([^:/]+)")
_PASSED_ON = {
    "iam:AWSServiceName": ("drs.amazonaws.com",),
    "iam:PassedToService": ("drs.amazonaws.com", "ec2.amazonaws.com"),
}
_OPERATORS = frozenset({"StringEquals", "StringLike"})
_KEYS = frozenset({"aws:RequestedRegion", "drs:CreateAction", *_PASSED_ON})
_LAUNCHES = frozenset({"StartRecovery"})


@dataclass(frozen=True, slots=True)
class _Statement:
    allows: bool
    actions: tuple[str, ...]
    is_inverted: bool
    conditions: Mapping[str, tuple[str, ...]]

    def is_about(self, action: str, context: _Context) -> bool:
        named = any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions)
        return named is not self.is_inverted and all(
            any(fnmatchcase(value, wanted) for value in context.get(key, ()) for wanted in patterns)
            for key, patterns in self.conditions.items()
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """An identity-based policy."""

    statements: tuple[_Statement, ...]

    @classmethod
    def read(cls, document: Mapping[str, object]) -> Policy:
        """Read a policy document.

        Raises:
            ValueError: It is none, or says what the emulator does not judge.
        """
        given = document.get("Statement")
        statements = cast("list[object]", given) if isinstance(given, list) else [given]
        return cls(tuple(_statement(one) for one in statements))

    def judge(self, action: str, context: _Context) -> Literal["allowed", "denied", "not allowed"]:
        """Say whether it allows an action; one denial outweighs all else."""
        about = [one for one in self.statements if one.is_about(action, context)]
        if any(not one.allows for one in about):
            return "denied"
        return "allowed" if about else "not allowed"


@dataclass(slots=True)
class Policies:
    """The policies of a world: for all callers, and for those in some role."""

    _of_all: Policy | None = None
    _of_role: dict[str, Policy] = field(default_factory=dict[str, Policy])

    def enforce(self, document: Mapping[str, object] | None, role_arn: str | None) -> None:
        """Hold callers to a policy from now on; to none with None.

        Raises:
            ValueError: It cannot be enforced, or the role is none.
        """
        policy = None if document is None else Policy.read(document)
        if role_arn is None:
            self._of_all = policy
            return
        role = _ROLE.fullmatch(role_arn)
        if role is None:
            raise ValueError(f"{role_arn!r} is no ARN of a role")
        sessions = f"arn:{role[1]}:sts::{role[2]}:assumed-role/{role[3]}/"
        self._of_role.pop(sessions, None)
        if policy is not None:
            self._of_role[sessions] = policy

    def check(self, caller: AccessKey, region: str, operation: str, params: Doc) -> list[str]:
        """Refuse what the caller may not do.

        Returns:
            What a launch will lack, although it is accepted: it fails without a word.

        Raises:
            ServiceError: It is refused.
        """
        sessions = caller.arn.rpartition("/")[0] + "/"
        policy = self._of_role.get(sessions, self._of_all)
        if policy is None:
            return []
        context: _Context = {
            "aws:RequestedRegion": (region,),
            "drs:CreateAction": (operation,),
            **_PASSED_ON,
        }
        own = f"drs:{operation}"
        others = sorted(actions_for(operation) - {own})
        if not params.get("tags"):
            others = [action for action in others if action != "drs:TagResource"]
        at_once = [own, *(a for a in others if not _is_of_launch(operation, a))]
        for action in at_once:
            verdict = policy.judge(action, context)
            if verdict != "allowed":
                raise _refused(caller, action, is_denied=verdict == "denied")
        later = [action for action in others if _is_of_launch(operation, action)]
        return [action for action in later if policy.judge(action, context) != "allowed"]


def _is_of_launch(operation: str, action: str) -> bool:
    return operation in _LAUNCHES and action != "drs:TagResource"


def _refused(caller: AccessKey, action: str, *, is_denied: bool) -> ServiceError:
    why = (
        "with an explicit deny in an identity-based policy"
        if is_denied
        else f"because no identity-based policy allows the {action} action"
    )
    return ServiceError(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: {action} on resource: * {why}",
        {"code": "AccessDeniedException"},
    )


def _statement(given: object) -> _Statement:
    if not isinstance(given, Mapping):
        raise ValueError(f"a policy has statements, got {given!r}")  # noqa: TRY004
    statement = cast("Mapping[str, object]", given)
    unknown = statement.keys() - {
        "Sid", "Effect", "Action", "NotAction", "Resource", "Condition"
    }  # fmt: skip
    if unknown:
        raise ValueError(f"the emulator does not judge {', '.join(sorted(unknown))}")
    if statement.get("Effect") not in {"Allow", "Deny"}:
        raise ValueError(f"an Effect is Allow or Deny, got {statement.get('Effect')!r}")
    if ("Action" in statement) is ("NotAction" in statement):
        raise ValueError("a statement has either Action or NotAction")
    if _texts(statement.get("Resource")) != ("*",):
        raise ValueError('the emulator judges actions, not resources: give "Resource": "*"')
    return _Statement(
        allows=statement["Effect"] == "Allow",
        actions=_texts(statement.get("Action", statement.get("NotAction"))),
        is_inverted="NotAction" in statement,
        conditions=_conditions(statement.get("Condition") or {}),
    )


def _conditions(given: object) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for operator, keys in cast("Mapping[str, Mapping[str, object]]", given).items():
        for key, values in keys.items():
            if operator not in _OPERATORS or key not in _KEYS or key in found:
                raise ValueError(f"the emulator does not judge the condition {operator} {key}")
            found[key] = _texts(values)
    return found


def _texts(given: object) -> tuple[str, ...]:
    several = cast("Sequence[object]", given if isinstance(given, list) else [given])
    if not several or not all(isinstance(one, str) for one in several):
        raise ValueError(f"texts are wanted, got {given!r}")
    return tuple(str(one) for one in several)
